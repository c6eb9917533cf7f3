// The certified provider, in a process of its own. It prints its port; a POST to /setup names its clients and makes its keys anew.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const keys = () => [
  [{ type: 'rsa', options: { modulusLength: 2048 } }, 'RS256'],
  [{ type: 'ec', options: { namedCurve: 'P-256' } }, 'ES256'],
  [{ type: 'ed25519', options: {} }, 'EdDSA'],
].map(([{ type, options }, alg]) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig' }));

let handle;
const server = createServer((request, response) => {
  if (request.url !== '/setup') return handle(request, response);
  let text = '';
  request.on('data', (piece) => { text += piece; });
  request.on('end', () => {
    const provider = new Provider(`http://127.0.0.1:${server.address().port}`, {
      clients: JSON.parse(text),
      jwks: { keys: keys() },
      cookies: { keys: ['a key of the test'] },
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
      findAccount: (_, id) => ({
        accountId: id,
        claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, name: `Name of ${id}`, preferred_username: id }),
      }),
      features: { revocation: { enabled: true } },
      enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'], clientAuthSigningAlgValues: ['EdDSA'] },
      issueRefreshToken: () => true,
      renderError: (ctx, out, error) => { ctx.type = 'text'; ctx.body = `${out.error}: ${out.error_description} ${error.stack}`; },
    });
    handle = provider.callback();
    response.end('ready');
  });
});
server.listen(0, '127.0.0.1', () => console.log(`listening on port ${server.address().port}`));
