/** Returns the known option, member or command whose name is closest; undefined if none is similar. */
export function closestOption(name: string, known: readonly string[]): string | undefined {
  return closestName(name, known, Math.max(2, Math.floor(name.length / 3)));
}

/**
 * Returns the known permission that a misspelt one probably means: read:products for read:prodcuts. Stricter than for
 * options, since short permissions that differ in one character, such as a:b and a:c, are usually different ones.
 */
export function closestScope(scope: string, known: readonly string[]): string | undefined {
  return closestName(scope, known, Math.min(2, Math.floor(scope.length / 5)));
}

function closestName(name: string, known: readonly string[], maxDistance: number): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= maxDistance ? best.candidate : undefined;
}

/** Counts letters changed, added and dropped, and adjacent letters swapped (optimal string alignment distance). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(before, j - 2) + 1 : changed;
      row.push(Math.min(changed, swapped, at(last, j) + 1, at(row, j - 1) + 1));
    }
    before = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
