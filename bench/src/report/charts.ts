import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** Draws a chart as SVG, on a white background, since pages may be light or dark. */
export async function drawSvg(spec: TopLevelSpec): Promise<string> {
  const config = {
    background: 'white',
    padding: 12,
    font: 'system-ui, sans-serif',
    view: { stroke: null },
    axis: { grid: false, labelLimit: 240 },
  };
  const { spec: compiled } = compile(spec, { config });
  const svg = await new View(parse(compiled), { renderer: 'none' }).toSVG();
  return `${svg}\n`;
}
