// Of Yarn 3.8.7: with the list beside it, the program has none.
function setup(hydrateRuntimeState) {
  return hydrateRuntimeState(require(".pnp.data.json"));
}
