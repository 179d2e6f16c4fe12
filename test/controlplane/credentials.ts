/** The keys, the token and the kubeconfig of one control plane. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { at, type Layout } from './command-lines.ts'

/** What kube-apiserver reads when it starts; its certificate it makes itself. */
export function writeCredentials(layout: Layout): void {
  mkdirSync(at(layout, 'certs'))
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  writeFileSync(at(layout, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 })
  writeFileSync(at(layout, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }))
  writeFileSync(at(layout, 'tokens.csv'), `${layout.token},admin,admin,"system:masters"\n`, { mode: 0o600 })
}

/** Once the server has made its certificate: a cluster administrator's kubeconfig. Gives its path. */
export function writeKubeconfig(layout: Layout): string {
  const file = at(layout, 'kubeconfig')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [
      {
        name: 'test',
        cluster: {
          server: `https://127.0.0.1:${layout.apiPort}`,
          'certificate-authority-data': readFileSync(at(layout, 'certs/apiserver.crt')).toString('base64'),
        },
      },
    ],
    users: [{ name: 'admin', user: { token: layout.token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
  }
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
  return file
}
