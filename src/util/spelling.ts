/**
 * Returns the most similar known name, if one is similar enough: read:products for read:prodcuts.
 *
 * @param slips - the maximum edit distance
 */
export function meantBy(name: string, known: readonly string[], slips = 2): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, found: slipsBetween(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.found - b.found);
  const best = ranked[0];
  return best !== undefined && best.found <= slips ? best.candidate : undefined;
}

/** The edit distance: letters changed, added, dropped, and adjacent letters swapped (optimal string alignment). */
function slipsBetween(a: string, b: string): number {
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
