import { existsSync } from 'node:fs';
import { type Browser, type ConsoleMessage, chromium, type Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';

/** Where Debian's chromium is not installed, the tests that need it are skipped. */
export const chromiumIsMissing = !existsSync(executablePath);

/** Chromium without what it does of its own accord: it would ask Google for updates, and for much else. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page, and all that happens in it behind its user's back. */
export class WatchedPage {
  /** The hosts that anything was asked of. */
  readonly hosts = new Set<string>();
  /** Warnings and errors on its console: blocked by its policy, or thrown; and what was asked for and answered with an error. */
  readonly complaints: string[] = [];

  private constructor(readonly page: Page) {
    page.on('request', (request) => this.#noteHost(request.url()));
    page.on('websocket', (socket) => this.#noteHost(socket.url()));
    page.on('console', (message) => this.#noteComplaint(message));
    page.on('pageerror', (error) => this.complaints.push(error.message));
  }

  static async open(browser: Browser): Promise<WatchedPage> {
    return new WatchedPage(await browser.newPage({ viewport: { width: 1280, height: 900 } }));
  }

  #noteHost(url: string): void {
    const { protocol, hostname } = new URL(url);
    // The page's stylesheet holds its pictures.
    if (protocol !== 'data:') this.hosts.add(hostname);
  }

  #noteComplaint(message: ConsoleMessage): void {
    if (!['warning', 'error'].includes(message.type())) return;
    const { pathname } = new URL(message.location().url, 'http://nowhere');
    this.complaints.push(`${pathname}: ${message.text()}`);
  }
}
