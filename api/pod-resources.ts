import type { Container, ContainerStatus, PodSpec, PodStatus, ResourceList } from './kinds/kubernetes.ts'
import { addQuantities, compareQuantities, milliOf, parseQuantity, type Quantity, unitsOf } from './quantity.ts'

/**
 * What a pod takes from a node, as Kubernetes counts it: the sum over containers and sidecars, or what some init
 * container needs beside the sidecars started before it, whichever is larger; what the pod level states wins over
 * both; then the overhead.
 */

type Amounts = Map<string, Quantity>

/** Amounts that are none are left out: an API server admits no pod with them. */
function read(list: ResourceList | undefined): Amounts {
  const amounts: Amounts = new Map()
  for (const [resource, text] of Object.entries(list ?? {})) {
    const quantity = parseQuantity(text)
    if (quantity !== null) amounts.set(resource, quantity)
  }
  return amounts
}

const merge = (into: Amounts, from: Amounts, join: (a: Quantity, b: Quantity) => Quantity): Amounts => {
  for (const [resource, quantity] of from) {
    const there = into.get(resource)
    into.set(resource, there === undefined ? quantity : join(there, quantity))
  }
  return into
}
const add = (into: Amounts, from: Amounts): Amounts => merge(into, from, addQuantities)
const larger = (a: Quantity, b: Quantity): Quantity => (compareQuantities(a, b) >= 0 ? a : b)
const raise = (into: Amounts, from: Amounts): Amounts => merge(into, from, larger)

/** Requests of a container; a limit without a request is also the request. */
function requestsOf({ resources }: Container): Amounts {
  const requests = read(resources?.requests)
  for (const [resource, limit] of read(resources?.limits)) {
    if (!requests.has(resource)) requests.set(resource, limit)
  }
  return requests
}

type Ask = (container: Container) => Amounts

/** While a resize is under way a container counts at the larger of what is asked for and what the node gives it. */
function askWithStatus(status: PodStatus): Ask {
  const statuses = new Map<string, ContainerStatus>()
  for (const one of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
    statuses.set(one.name, one)
  }
  const isInfeasible =
    status.resize === 'Infeasible' ||
    (status.conditions ?? []).some(({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible')
  return (container) => {
    const given = statuses.get(container.name)
    const asked = requestsOf(container)
    if (given === undefined) return asked
    const held = raise(read(given.allocatedResources), read(given.resources?.requests))
    // A status that tells nothing yet does not make the container free.
    return held.size === 0 ? asked : isInfeasible ? held : raise(held, asked)
  }
}

const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always'

function requestsOfContainers(spec: PodSpec, ask: Ask): Amounts {
  const running: Amounts = new Map()
  for (const container of spec.containers) add(running, ask(container))
  const sidecars: Amounts = new Map()
  const starting: Amounts = new Map()
  for (const container of spec.initContainers ?? []) {
    const needs = ask(container)
    if (isSidecar(container)) {
      add(running, needs)
      add(sidecars, needs)
      raise(starting, sidecars)
    } else raise(starting, add(new Map(sidecars), needs))
  }
  return raise(running, starting)
}

const isPodLevel = (resource: string): boolean =>
  resource === 'cpu' || resource === 'memory' || resource.startsWith('hugepages-')

/** Pod-level requests replace the sum; a pod-level limit stands in where nothing at all is requested. */
function atPodLevel(spec: PodSpec, sum: Amounts): Amounts {
  for (const [resource, limit] of read(spec.resources?.limits)) {
    const isHugePages = resource.startsWith('hugepages-')
    if (isPodLevel(resource) && (isHugePages || !sum.has(resource))) sum.set(resource, limit)
  }
  for (const [resource, request] of read(spec.resources?.requests)) {
    if (isPodLevel(resource)) sum.set(resource, request)
  }
  return sum
}

/**
 * What a pod asks for, by resource in byte order: cpu in milli-cpu, all others in their units (bytes, devices), each
 * rounded up. With a status, a resize in place counts at the larger of both sizes.
 */
export function podRequests(spec: PodSpec, status?: PodStatus): Readonly<Record<string, number>> {
  const ask = status === undefined ? requestsOf : askWithStatus(status)
  const amounts = add(atPodLevel(spec, requestsOfContainers(spec, ask)), read(spec.overhead))
  const sorted = [...amounts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return Object.fromEntries(
    sorted.map(([resource, quantity]) => [
      resource,
      Number(resource === 'cpu' ? milliOf(quantity) : unitsOf(quantity)),
    ]),
  )
}
