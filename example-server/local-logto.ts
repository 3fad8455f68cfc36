import { startTestLogto, type TestLogto } from 'express-logto-m2m/testing';

export const shoppingApi = 'https://shopping.api';

/** The machine-to-machine apps of the local Logto, as logto.json describes them for a real one. */
export const apps = [
  {
    name: 'statistics-service',
    appId: 'kgztf9id8s3j3g6q9x0fv',
    appSecret: 'statistics-service-demo-secret',
    scopes: ['read:products', 'read:orders'],
    organizations: {},
  },
  {
    name: 'catalog-service',
    appId: 'q4xw1zr7mh2bt0c8n5vya',
    appSecret: 'catalog-service-demo-secret',
    scopes: ['read:products', 'write:products', 'delete:products', 'read:orders'],
    organizations: {},
  },
  {
    name: 'stranger-service',
    appId: 'u8dk3s6yj1pe9o4wl7gi2',
    appSecret: 'stranger-service-demo-secret',
    scopes: [],
    organizations: {},
  },
  {
    name: 'partner-service',
    appId: 'f5nb0v2cqx7ar9tm4hz1e',
    appSecret: 'partner-service-demo-secret',
    scopes: [],
    organizations: { tgqjike3k7pu: ['read:products', 'write:products', 'read:reports'] },
  },
] as const;

/** Starts a Logto for development on 127.0.0.1, with the apps above. It stores nothing. */
export async function startLocalLogto(port = 0): Promise<TestLogto> {
  const logto = await startTestLogto({ audience: shoppingApi, port });
  for (const { name, ...app } of apps) await logto.addApp(app);
  return logto;
}
