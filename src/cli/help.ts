const COMMON = `  --endpoint URL       base URL of your Logto, without /oidc          (else LOGTO_ENDPOINT)
  --resource URI       the API identifier, as it is in Logto; '' for none (else LOGTO_AUDIENCE)
  --organization ID    the organization that the token is to hold for
  --scope NAMES        permissions; several with spaces, or the option again
  --allow-insecure-requests
                       http: to other hosts than this one, in a network that you trust
  --json               for machines`;

const EXIT = `It ends with 0 when all is well, 1 when there is a finding or no token, 2 when it was called wrongly, and
70 when it failed itself.`;

/** The help text of each command. */
export const HELP = {
  all: `logto-m2m helps where an API is protected by express-logto-m2m, or calls one that is.

  npx express-logto-m2m token      get a token, as an app of yours would
  npx express-logto-m2m inspect    what is in a token, and why is it refused?
  npx express-logto-m2m doctor     is the configuration right, and would this app's token be accepted?
  npx express-logto-m2m setup      make the API resource, permissions, roles and apps in Logto, from a file

Each explains itself: npx express-logto-m2m doctor --help
They read the variables that the API and the app read:

  LOGTO_ENDPOINT       base URL of your Logto: https://your-tenant.logto.app
  LOGTO_AUDIENCE       the API identifier: Console > API resources
  LOGTO_APP_ID         a machine-to-machine app: Console > Applications
  LOGTO_APP_SECRET     its secret; never an argument, for every user of a machine can read those

With a file of them: node --env-file=.env node_modules/.bin/logto-m2m doctor

${EXIT}`,

  token: `npx express-logto-m2m token [options]

Prints a token, and nothing else, on stdout:

  curl -H "Authorization: Bearer $(npx express-logto-m2m token --scope read:products)" \\
    https://shop.example/products

${COMMON}

With --resource the token is for that API, with --resource and --organization for that API inside that
organization, and with --resource '' --organization ID it is the organization's own. Logto grants no permission
that was not asked for, and leaves out silently what no role of the app gives: that is told on stderr, and is no
failure.

The app is that of LOGTO_APP_ID and LOGTO_APP_SECRET.

${EXIT}`,

  inspect: `npx express-logto-m2m inspect [token] [options]

Shows what is in a token and, where the endpoint is known, whether an API would accept it, or which check fails
first. The token is read from stdin where it is no argument, which keeps it out of the shell's history:

  npx express-logto-m2m token --scope read:products | npx express-logto-m2m inspect --scope read:products

It is sent nowhere: only Logto's public keys are fetched. The signature is not shown, so that the output can be
passed on; the claims are.

${COMMON}

Without --resource and LOGTO_AUDIENCE the token's own audience is taken for the right one.

${EXIT}`,

  doctor: `npx express-logto-m2m doctor [options]

Looks for what is wrong, one line a check, each with its fix: can Logto be reached, is it the issuer that tokens
will name, are its keys there, do the clocks agree; with LOGTO_APP_ID and LOGTO_APP_SECRET, is a token granted,
would the API accept it, and which permissions came; and with --api, what does that API really answer?

  npx express-logto-m2m doctor --scope read:products --api https://shop.example/products

  --api URL            a protected address of the API, asked by GET once without and once with the token
${COMMON}

Without --scope the permissions are asked for that the API itself names.

${EXIT}`,

  setup: `npx express-logto-m2m setup FILE [options]

Makes a Logto tenant have what FILE describes: API resources, permissions, machine-to-machine roles and apps,
organizations. What is there is found by its name (an API by its indicator) and completed; nothing is changed
otherwise, renamed or deleted. Where it is not certain what is meant, it says so and makes nothing.

  npx express-logto-m2m setup logto.json --plan
  npx express-logto-m2m setup logto.json --write-env apps.env

  --plan               show what would be made, and make nothing
  --check              show what the tenant lacks, what differs, and what it has beside the file; for CI
  --write-env PATH     write the ids and secrets of the apps to this file, for its owner alone; else ids to stdout.
                       --env-file does the same where the file is there: Node reads it first, and ends without it
  --from-api URL       compare the file with the metadata document of a running API (RFC 9728); needs no Logto.
                       With --check both are done
  --endpoint URL       base URL of your Logto, without /oidc          (else LOGTO_ENDPOINT)
  --allow-insecure-requests
                       http: to other hosts than this one, in a network that you trust
  --json               for machines

  +  is made           =  is there        !  differs, and is left
  ?  is beside the file                   -  the API has it, and the file lacks it

The app is that of LOGTO_APP_ID and LOGTO_APP_SECRET: a machine-to-machine app with a role that has the permission
all of the Logto Management API. With Logto Cloud and a domain of your own, set LOGTO_TENANT_ID.

It ends with 0 when all is done or nothing is to do, 1 when it could not be done or --check or --from-api found
something, 2 when it was called wrongly or the file is wrong, 3 when --plan found something to make, and 70 when it
failed itself.`,
};
