/**
 * The name that was meant, if one of these is near enough: read:prodcuts for read:products.
 *
 * @param slips - with more slips than that it is another word
 */
export function meantBy(name: string, known: readonly string[], slips = 2): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, found: slipsBetween(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.found - b.found);
  const best = ranked[0];
  return best !== undefined && best.found <= slips ? best.candidate : undefined;
}

/** Letters changed, added or dropped, and neighbours that changed places (the optimal string alignment). */
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
