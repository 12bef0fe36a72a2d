const RAW_RUNTIME_STATE =
'{\
  "packageRegistryData": [\
    [null, [\