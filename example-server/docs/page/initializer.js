/**
 * Swagger UI asks the token endpoint with `grant_type` and `scope`. Logto also needs to know what the token is for, in
 * the form (RFC 8707): the document says it of each security scheme.
 */
const logtoTokenRequests = ({ specSelectors }) => ({
  statePlugins: {
    auth: {
      wrapActions: {
        authorizeRequest: (original) => (request) => {
          const form = new URLSearchParams(request.body);
          const path = ['components', 'securitySchemes', request.name, 'x-token-parameters'];
          for (const [name, value] of specSelectors.specJson().getIn(path, [])) form.set(name, value);
          return original({ ...request, body: form.toString() });
        },
      },
    },
  },
});

window.SwaggerUIBundle({
  dom_id: '#reference',
  url: '/openapi.json',
  plugins: [logtoTokenRequests],
  // The badge would send the document's address to a service on the internet.
  validatorUrl: null,
  tryItOutEnabled: true,
  defaultModelsExpandDepth: -1,
});
