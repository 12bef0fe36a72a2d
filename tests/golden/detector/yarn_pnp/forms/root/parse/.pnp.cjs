function setup(hydrateRuntimeState) {
  return hydrateRuntimeState(JSON.parse('{"packageRegistryData": [[null, \
[[null, \
{"packageDependencies": [["a", \
"npm:1.0.0"]]}]]], \
["a", \
[["npm:1.0.0", \
{}]]]]}'), {});
}
