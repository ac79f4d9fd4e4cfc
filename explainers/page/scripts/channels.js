// Values that panels share, by name. Panels start in any order: a late listener gets the last value at once.

export function createChannels() {
  const channels = new Map();
  const channel = (name) => {
    if (!channels.has(name)) channels.set(name, {value: null, listeners: new Set()});
    return channels.get(name);
  };
  return {
    publish(name, value) {
      channel(name).value = value;
      for (const listener of [...channel(name).listeners]) listener(value);
    },

    // Returns what ends the subscription.
    subscribe(name, listener) {
      channel(name).listeners.add(listener);
      if (channel(name).value !== null) listener(channel(name).value);
      return () => channel(name).listeners.delete(listener);
    },

    last: (name) => channel(name).value,
  };
}
