import type { Request, Response } from 'express';
import { Refused } from './refusals.js';

/** Sends a page as Logto does; the addresses in its Link header lack the /api. */
export function sendPage(req: Request, res: Response, entries: readonly unknown[]): void {
  const { page: pageText = '1', page_size: sizeText = '20' } = req.query;
  const [page, size] = [Number(pageText), Number(sizeText)];
  if (!(page > 0 && size > 0 && size <= 100)) {
    throw new Refused(400, { code: 'guard.invalid_pagination', message: 'The pagination value is invalid.' });
  }
  const last = Math.ceil(entries.length / size) || 1;
  const link = (to: number, rel: string) => {
    const url = new URL(req.originalUrl.replace(/^\/api/, ''), `http://${req.headers.host}`);
    url.searchParams.set('page', String(to));
    return `<${url}>; rel="${rel}"`;
  };
  const links = [link(1, 'first'), link(last, 'last')];
  if (page > 1) links.push(link(page - 1, 'prev'));
  if (page < last) links.push(link(page + 1, 'next'));
  res.set({ Link: links.join(', '), 'Total-Number': String(entries.length) });
  res.json(entries.slice((page - 1) * size, page * size));
}

export function sendCreated(res: Response): void {
  res.status(201).type('text/plain').send('Created');
}
