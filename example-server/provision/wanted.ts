/** What the example needs in Logto. Everything is known by its name there, the API by its identifier. */
export const wanted = {
  api: {
    name: 'Online Shopping',
    indicator: 'https://shopping.api',
    permissions: {
      'read:products': 'Read the products',
      'write:products': 'Add products and change them',
      'delete:products': 'Take products out',
      'read:orders': 'Read the orders of a day',
    },
  },
  roles: [
    {
      name: 'shop-reader',
      description: "Reads the shop's products and orders",
      permissions: ['read:products', 'read:orders'],
    },
    {
      name: 'shop-admin',
      description: "Keeps the shop's catalogue",
      permissions: ['read:products', 'write:products', 'delete:products', 'read:orders'],
    },
  ],
  apps: [
    { name: 'statistics-service', description: 'Reports on each day', roles: ['shop-reader'] },
    { name: 'catalog-service', description: 'Keeps the catalogue', roles: ['shop-admin'] },
    { name: 'stranger-service', description: 'Has no role, and may do nothing', roles: [] },
    { name: 'partner-service', description: 'Works for the Corner Shop', roles: [] },
  ],
  organization: {
    name: 'Corner Shop',
    permissions: { 'read:reports': 'Read the monthly reports' },
    role: {
      name: 'shop-partner',
      description: 'A program of the organization itself',
      organizationPermissions: ['read:reports'],
      apiPermissions: ['read:products', 'write:products'],
    },
    apps: ['partner-service'],
  },
} as const;

export type AppName = (typeof wanted.apps)[number]['name'];
