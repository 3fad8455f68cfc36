import type { TopLevelSpec } from 'vega-lite';

/** How much is measured: everything that the documents show, or only enough to check that the bench runs. */
export interface Scale {
  readonly quick: boolean;
  /** This package at another revision; empty if the bench was started without one. */
  readonly before: readonly 'before'[];
}

/** A claim, and the measured result. */
export interface Verdict {
  readonly claim: string;
  readonly seen: string;
  /** Undefined if the number is only shown and has no required value. */
  readonly holds?: boolean;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Chart {
  /** The name of its file, without the extension. */
  readonly name: string;
  readonly alt: string;
  readonly spec: TopLevelSpec;
}

/** A row of the first page, for readers who choose a library. */
export interface Row {
  readonly what: string;
  readonly ours: string;
  /** The best of the peers, with its name. */
  readonly best: string;
  /** The result of the sample in Logto's docs. */
  readonly sample: string;
}

/** The results of one measurement. */
export interface Section {
  readonly title: string;
  readonly rows?: readonly Row[];
  /** How the results were measured, in one paragraph. */
  readonly how: string;
  readonly verdicts: readonly Verdict[];
  /** What limits the results that are hard to improve, and what was tried. */
  readonly bounds?: string;
  readonly tables: readonly Table[];
  readonly charts?: readonly Chart[];
}

export type Measure = (scale: Scale) => Promise<Section>;
