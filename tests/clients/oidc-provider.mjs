// An OpenID Connect provider for the tests of social login: the real protocol, with a login that asks nobody.
//
//     node oidc-provider.mjs '{"port": 9000, "clients": [...], "clientAuth": [...], "idTokenHasEmail": true}'
//
// Whoever comes to log in says who they are in the header `x-person`, as JSON: `{"sub", "claims", "answer"}`; `sub: null`
// says no. `claims` are OpenID Connect's; `answer` is what /me-by-api answers, where Kakao's and Naver's APIs are played.
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { Provider } from 'oidc-provider'

const { port, clients, clientAuth, idTokenHasEmail } = JSON.parse(process.argv[2])
const people = new Map()
const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: clients.map((each) => ({ response_types: ['code'], grant_types: ['authorization_code'], ...each })),
  jwks: { keys: [{ ...key, kid: randomUUID(), alg: 'RS256', use: 'sig' }] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'picture'] },
  clientAuthMethods: clientAuth,
  conformIdTokenClaims: !idTokenHasEmail,
  pkce: { required: (ctx, client) => client.clientId !== 'naver-client' },
  ttl: { IdToken: 60, AccessToken: 300, AuthorizationCode: 60, Interaction: 300, Session: 300, Grant: 300 },
  cookies: { keys: [randomUUID()] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ ...people.get(sub).claims, sub }) }),
  loadExistingGrant: async ({ oidc }) => {
    const grant = new provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId })
    grant.addOIDCScope('openid email profile')
    await grant.save()
    return grant
  },
})

async function logIn(request, response) {
  const person = JSON.parse(request.headers['x-person'])
  people.set(person.sub, person)
  const result = person.sub === null ? { error: 'access_denied' } : { login: { accountId: person.sub } }
  await provider.interactionFinished(request, response, result)
}

async function tellProfile(request, response) {
  const token = await provider.AccessToken.find((request.headers.authorization ?? '').replace('Bearer ', ''))
  response.statusCode = token ? 200 : 401
  response.end(token ? people.get(token.accountId).answer : '')
}

const inner = provider.callback()
createServer((request, response) => {
  const path = request.url.split('?')[0]
  if (path.startsWith('/interaction/')) return logIn(request, response)
  if (path === '/me-by-api') return tellProfile(request, response)
  // Kakao and Naver ask for no scope: theirs belong to the client. This one wants some.
  if (path === '/auth' && !request.url.includes('scope=')) request.url += '&scope=openid'
  return inner(request, response)
}).listen(port, '127.0.0.1')
