import { isRecord, listAt, recordAt, stringAt, type Json } from '../json.ts'

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const

function fill(holder: Json, defaults: Readonly<Json>): void {
  for (const key of Object.keys(defaults))
    if (holder[key] === undefined || holder[key] === '') holder[key] = defaults[key]
}

/** `latest`, or no tag at all, is pulled always. */
function pullPolicy(image: string): string {
  if (image.includes('@')) return 'IfNotPresent'
  const tag = /:([^/:]+)$/.exec(image)?.[1] ?? 'latest'
  return tag === 'latest' ? 'Always' : 'IfNotPresent'
}

function defaultProbe(probe: unknown): void {
  if (!isRecord(probe)) return
  fill(probe, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 })
  if (isRecord(probe['httpGet'])) fill(probe['httpGet'], { path: '/', scheme: 'HTTP' })
  if (isRecord(probe['grpc'])) fill(probe['grpc'], { service: '' })
}

/** Limits stand for requests that are not stated. */
function defaultResources(holder: Json): void {
  const resources = holder['resources']
  if (!isRecord(resources)) return
  const limits = recordAt(resources, 'limits')
  const requests = recordAt(resources, 'requests')
  const missing = Object.keys(limits).filter((name) => requests[name] === undefined)
  if (missing.length === 0) return
  resources['requests'] = { ...requests, ...Object.fromEntries(missing.map((name) => [name, limits[name]])) }
}

function defaultContainer(container: unknown, isHostNetwork: boolean): void {
  if (!isRecord(container)) return
  fill(container, {
    imagePullPolicy: pullPolicy(stringAt(container, 'image')),
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  })
  if (!isRecord(container['resources'])) container['resources'] = {}
  for (const port of listAt(container, 'ports')) {
    if (!isRecord(port)) continue
    fill(port, { protocol: 'TCP' })
    if (isHostNetwork && port['hostPort'] === undefined) port['hostPort'] = port['containerPort']
  }
  for (const probe of PROBES) defaultProbe(container[probe])
  for (const env of listAt(container, 'env')) {
    const fieldRef = recordAt(env, 'valueFrom')['fieldRef']
    if (isRecord(fieldRef)) fill(fieldRef, { apiVersion: 'v1' })
  }
}

function defaultVolume(volume: unknown): void {
  if (!isRecord(volume)) return
  const named = Object.keys(volume).filter((key) => key !== 'name')
  if (named.length === 0) volume['emptyDir'] = {}
  for (const key of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    const source = volume[key]
    if (isRecord(source)) fill(source, { defaultMode: 420 })
  }
  for (const source of listAt(volume['projected'], 'sources')) {
    const token = recordAt(source, 'serviceAccountToken')
    if (isRecord(source) && isRecord(source['serviceAccountToken'])) fill(token, { expirationSeconds: 3607 })
  }
  if (isRecord(volume['hostPath'])) volume['hostPath']['type'] ??= ''
}

/** What a pod gets and its template does not. */
export function defaultPod(spec: Json): void {
  defaultPodSpec(spec)
  fill(spec, { enableServiceLinks: true })
  for (const key of ['containers', 'initContainers']) {
    for (const container of listAt(spec, key)) if (isRecord(container)) defaultResources(container)
  }
  defaultResources(spec)
}

/** Static defaults of a pod's spec, in place; the same for pods and for templates. */
export function defaultPodSpec(spec: Json): void {
  fill(spec, {
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    terminationGracePeriodSeconds: 30,
  })
  if (!isRecord(spec['securityContext'])) spec['securityContext'] = {}
  const isHostNetwork = spec['hostNetwork'] === true
  for (const key of ['containers', 'initContainers', 'ephemeralContainers']) {
    for (const container of listAt(spec, key)) defaultContainer(container, isHostNetwork)
  }
  for (const volume of listAt(spec, 'volumes')) defaultVolume(volume)
  for (const one of listAt(spec, 'topologySpreadConstraints')) {
    if (isRecord(one)) fill(one, { nodeAffinityPolicy: 'Honor', nodeTaintsPolicy: 'Ignore' })
  }
}

/** The same inside the template of a workload. */
export function defaultTemplate(object: Json): void {
  const template = recordAt(recordAt(object, 'spec'), 'template')
  if (isRecord(template['spec'])) defaultPodSpec(template['spec'])
}
