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

/** While a resize is under way, the larger of what is asked for and what the node gives; what it has, if it can never give more. */
function whileResized(asked: Amounts, held: Amounts, isInfeasible: boolean): Amounts {
  // A status that tells nothing yet does not make anything free.
  return held.size === 0 ? asked : isInfeasible ? held : raise(held, asked)
}

const isResizeInfeasible = ({ resize, conditions = [] }: PodStatus): boolean =>
  resize === 'Infeasible' ||
  conditions.some(({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible')

function askWithStatus(status: PodStatus): Ask {
  const statuses = new Map<string, ContainerStatus>()
  for (const one of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
    statuses.set(one.name, one)
  }
  const isInfeasible = isResizeInfeasible(status)
  return (container) => {
    const given = statuses.get(container.name)
    const asked = requestsOf(container)
    if (given === undefined) return asked
    const held = raise(read(given.allocatedResources), read(given.resources?.requests))
    return whileResized(asked, held, isInfeasible)
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

/**
 * Pod-level requests replace the sum; a pod-level limit stands in where nothing at all is requested. They too may be
 * resized in place (Kubernetes 1.36); without them the status only repeats the sum of the containers.
 */
function atPodLevel(spec: PodSpec, status: PodStatus, sum: Amounts): Amounts {
  for (const [resource, limit] of read(spec.resources?.limits)) {
    const isHugePages = resource.startsWith('hugepages-')
    if (isPodLevel(resource) && (isHugePages || !sum.has(resource))) sum.set(resource, limit)
  }
  const requests = read(spec.resources?.requests)
  if (![...requests.keys()].some(isPodLevel)) return sum
  const held = raise(read(status.allocatedResources), read(status.resources?.requests))
  for (const [resource, request] of whileResized(requests, held, isResizeInfeasible(status))) {
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
  const amounts = add(atPodLevel(spec, status ?? {}, requestsOfContainers(spec, ask)), read(spec.overhead))
  const sorted = [...amounts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return Object.fromEntries(
    sorted.map(([resource, quantity]) => [
      resource,
      Number(resource === 'cpu' ? milliOf(quantity) : unitsOf(quantity)),
    ]),
  )
}
