// Maps of the visitor's session: each is fetched once. One whose fetch failed is fetched again when it is next needed.

export function createMaps(fetchMap) {
  const maps = new Map();
  return {
    get(token, place) {
      if (!maps.has(place)) {
        const promise = fetchMap(token, place);
        maps.set(place, promise);
        promise.catch(() => { if (maps.get(place) === promise) maps.delete(place); });
      }
      return maps.get(place);
    },
    clear: () => maps.clear(),
  };
}
