import { MCPAuth } from 'mcp-auth';
import type { MakeGuard } from './contestant.js';

/** Logto's own package for MCP servers, in its resource server mode. */
export const makeGuard: MakeGuard = ({ issuer, audience, scope }) => {
  const mcpAuth = new MCPAuth({
    protectedResources: {
      metadata: {
        resource: audience,
        authorizationServers: [{ issuer, type: 'oidc' }],
        scopesSupported: [scope],
      },
    },
  });
  return [mcpAuth.bearerAuth('jwt', { resource: audience, audience, requiredScopes: [scope] })];
};
