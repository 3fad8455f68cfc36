import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Here tests start other programs, and install packages. */
const LONG = /\/test\/(project-setups|documents|e2e)\//;

/** So that none of the long files is begun when all others are done, and runs alone. */
export class LongOnesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => Number(LONG.test(b.moduleId)) - Number(LONG.test(a.moduleId)));
  }
}
