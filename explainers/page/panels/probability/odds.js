// Bayes' rule in odds. Pure.

const odds = (probability) => probability / (1 - probability);

// The probability at a prevalence, from how much more common the score is among those who have the finding.
export function afterwards(ratio, prevalence) {
  const after = ratio * odds(prevalence);
  return after / (1 + after);
}
