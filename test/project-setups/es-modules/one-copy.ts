import * as imported from 'express-logto-m2m';

const again = await import('express-logto-m2m');
console.log(imported.getAuth === again.getAuth, imported.AuthError === again.AuthError);
