import { requireScopes } from 'express-logto-m2m';
import { createM2MClient } from 'express-logto-m2m/client';
import { startTestLogto } from 'express-logto-m2m/testing';

export default [requireScopes, createM2MClient, startTestLogto];
