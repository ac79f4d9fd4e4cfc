// Bayes' rule in odds. Pure.

const odds = (probability) => probability / (1 - probability);

// How much more common a score is among those who have a finding: from its probability at some prevalence.
export function likelihoodRatio(probability, prevalence) {
  return odds(probability) / odds(prevalence);
}

// The probability at another prevalence.
export function afterwards(ratio, prevalence) {
  const after = ratio * odds(prevalence);
  return after / (1 + after);
}
