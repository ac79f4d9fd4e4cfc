// Sentences from the page's table.

// Returns text(key, values): the sentence of a panel with {name} filled in.
export function createText(words, section) {
  return (key, values = {}) => {
    const sentence = words[section]?.[key];
    if (sentence === undefined) throw new Error(`There is no sentence ${section}.${key}.`);
    return sentence.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  };
}
