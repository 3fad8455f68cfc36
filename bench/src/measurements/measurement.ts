import type { TopLevelSpec } from 'vega-lite';

/** How much is measured: all that the documents show, or just enough to see that the bench itself runs. */
export interface Scale {
  readonly quick: boolean;
  /** This package at another revision, where the bench was told one. */
  readonly before: readonly 'before'[];
}

/** Something that must hold, and what was seen. */
export interface Verdict {
  readonly claim: string;
  readonly seen: string;
  /** Undefined where a number is shown and nothing is demanded of it. */
  readonly holds?: boolean;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Chart {
  /** The name of its file, without ending. */
  readonly name: string;
  readonly alt: string;
  readonly spec: TopLevelSpec;
}

/** A row of the first page, for somebody who chooses a library. */
export interface Row {
  readonly what: string;
  readonly ours: string;
  /** The best of the peers, by its name. */
  readonly best: string;
  /** What the sample of Logto's docs does. */
  readonly sample: string;
}

/** What one measurement has to say. */
export interface Section {
  readonly title: string;
  readonly rows?: readonly Row[];
  /** How it was measured, in a paragraph. */
  readonly how: string;
  readonly verdicts: readonly Verdict[];
  /** Of numbers that are hard to reach: what bounds them, and what was tried. */
  readonly bounds?: string;
  readonly tables: readonly Table[];
  readonly charts?: readonly Chart[];
}

export type Measure = (scale: Scale) => Promise<Section>;
