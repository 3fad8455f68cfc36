import { fileURLToPath } from 'node:url';
import { Application, type ProjectReflection } from 'typedoc';
import { beforeAll, describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);

const warnings: string[] = [];
let project: ProjectReflection | undefined;

// This converts the project like `npm run docs`, but writes no pages.
beforeAll(async () => {
  const options = { options: fileURLToPath(new URL('typedoc.json', root)) };
  const app = await Application.bootstrapWithPlugins(options);
  app.logger.warn = (text: string) => void warnings.push(text);
  app.logger.error = (text: string) => void warnings.push(text);
  project = await app.convert();
  if (project !== undefined) app.validate(project);
});

describe('the API reference', () => {
  it('is generated without a warning: all public names are documented, and all links work', () => {
    expect(warnings).toEqual([]);
  });

  it('has the four entries', () => {
    expect(project?.children?.map(({ name }) => name).sort()).toEqual([
      'express-logto-m2m',
      'express-logto-m2m/client',
      'express-logto-m2m/testing',
      'express-logto-m2m/testing/setup',
    ]);
  });
});
