import 'express-logto-m2m/missing';
