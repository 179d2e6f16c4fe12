/** A kubeconfig that names one cluster, without credentials. JSON strings are YAML strings, so nothing needs quoting. */
export function kubeconfigText(url: string): string {
  return `apiVersion: v1
kind: Config
clusters:
  - name: espalier
    cluster: {server: ${JSON.stringify(url)}}
users:
  - name: espalier
    user: {}
contexts:
  - name: espalier
    context: {cluster: espalier, user: espalier, namespace: default}
current-context: espalier
`
}
