const COMMON = `  --endpoint URL       base URL of your Logto, without /oidc          (default: LOGTO_ENDPOINT)
  --resource URI       API identifier as in Logto; '' for none        (default: LOGTO_AUDIENCE)
  --organization ID    organization of the token
  --scope NAMES        permissions, separated by spaces; or repeat the option
  --allow-insecure-requests
                       allow http to hosts other than this one, in a network that you trust
  --json               output for machines`;

const EXIT =
  'Exit codes: 0 no problem; 1 a finding, or no token; 2 wrong usage; 70 the command itself failed.';

/** The help text of each command. */
export const HELP = {
  all: `logto-m2m helps with APIs that express-logto-m2m protects, and with apps that call them.

  npx express-logto-m2m token      get a token, as your app does
  npx express-logto-m2m inspect    show the content of a token, and why it is refused
  npx express-logto-m2m doctor     check the configuration, and whether the API accepts the app's token
  npx express-logto-m2m setup      create the API resource, permissions, roles and apps in Logto from a file

For the options of a command: npx express-logto-m2m doctor --help
The commands read the same variables as the API and the app:

  LOGTO_ENDPOINT       base URL of your Logto: https://your-tenant.logto.app
  LOGTO_AUDIENCE       API identifier: Console > API resources
  LOGTO_APP_ID         machine-to-machine app: Console > Applications
  LOGTO_APP_SECRET     secret of the app; never an argument, since every user of the machine can read arguments

To read them from a file: node --env-file=.env node_modules/.bin/logto-m2m doctor

${EXIT}`,

  token: `npx express-logto-m2m token [options]

Prints a token to stdout, and nothing else:

  curl -H "Authorization: Bearer $(npx express-logto-m2m token --scope read:products)" \\
    https://shop.example/products

${COMMON}

With --resource, the token is for that API. With --resource and --organization, it is for that API inside that
organization. With --resource '' --organization ID, it is the organization's own token. Logto grants only the
permissions that are requested, and silently omits those that no role of the app grants. The command reports
omitted permissions on stderr; this is not a failure.

The app's credentials are read from LOGTO_APP_ID and LOGTO_APP_SECRET.

${EXIT}`,

  inspect: `npx express-logto-m2m inspect [token] [options]

Shows the content of a token. If the endpoint is known, it also shows whether an API accepts the token, or which
check fails first. Without an argument, the token is read from stdin, which keeps it out of the shell history:

  npx express-logto-m2m token --scope read:products | npx express-logto-m2m inspect --scope read:products

The token is not sent anywhere: only Logto's public keys are fetched. The output contains the claims but not the
signature, so you can pass it on.

${COMMON}

Without --resource and LOGTO_AUDIENCE, the token's own audience is used.

${EXIT}`,

  doctor: `npx express-logto-m2m doctor [options]

Checks the configuration and prints one line for each check, with the fix. It checks whether Logto responds,
whether its issuer is the expected one, whether it publishes keys, and whether the clocks agree.
With LOGTO_APP_ID and LOGTO_APP_SECRET, it checks whether Logto issues a token, whether an API with this
configuration accepts it, and which permissions were granted. With --api, it also checks how that API responds.

  npx express-logto-m2m doctor --scope read:products --api https://shop.example/products

  --api URL            protected address of the API; receives one GET request without the token and one with it
${COMMON}

Without --scope, the permissions that the API's challenge names are requested.

${EXIT}`,

  setup: `npx express-logto-m2m setup FILE [options]

Creates in a Logto tenant what FILE describes: API resources, permissions, machine-to-machine roles and
apps, and organizations. Existing objects are found by name (APIs by indicator) and completed. Nothing else is
changed, renamed or deleted. If the file is ambiguous for this tenant, the command reports that and creates
nothing.

  npx express-logto-m2m setup logto.json --plan
  npx express-logto-m2m setup logto.json --write-env apps.env

  --plan               show what would be created, and create nothing
  --check              show what the tenant lacks, what differs, and what it has in addition to the file; for CI
  --write-env PATH     write the ids and secrets of the apps to this file, which only its owner can read;
                       without it, the ids go to stdout. --env-file does the same if the file exists: Node reads
                       it first, and exits if it does not exist. Pass only one of the two
  --from-api URL       compare the file with the metadata document of a running API (RFC 9728); needs no Logto.
                       With --check, both are done
  --endpoint URL       base URL of your Logto, without /oidc          (default: LOGTO_ENDPOINT)
  --allow-insecure-requests
                       allow http to hosts other than this one, in a network that you trust
  --json               output for machines

  +  created, or to be created            =  exists
  !  differs, and is not changed          -  the API has it, and the file lacks it
  ?  a warning: only in the tenant, or only in the file

The app's credentials are read from LOGTO_APP_ID and LOGTO_APP_SECRET. The app must be a machine-to-machine app
with a role that has the permission all of the Logto Management API. With Logto Cloud and a custom domain, set
LOGTO_TENANT_ID.

Exit codes: 0 everything was created, or there was nothing to do; 1 the set-up failed, or --check or --from-api found
something; 2 wrong usage, or a fault in the file; 3 --plan found something to create; 70 the command itself
failed.`,
};
