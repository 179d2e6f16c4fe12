import { strict as assert } from 'node:assert'
import type { KubeObject, Pod } from '../../api/kinds/kubernetes.ts'
import { realClock } from '../../kube/clock.ts'
import type { ClusterConfig } from '../../kube/config.ts'
import { httpTransport } from '../../kube/http-transport.ts'
import { kubeClient } from '../../kube/kube-client.ts'
import { seededRandom } from '../../kube/random.ts'
import { reflector } from '../../kube/reflector/reflector.ts'
import type { Delta } from '../../kube/reflector/types.ts'
import { PODS } from '../../kube/resources.ts'
import { POD_FIELDS } from '../../operator/pod-fields.ts'
import { isReady } from '../../operator/observed-pod.ts'

/** Sees the pods of a namespace come, become Ready and go. Times are on the monotonic clock of this process. */
export interface PodWatch {
  readonly created: number
  readonly ready: number
  readonly there: number
  /** When the count of each last grew; of `gone`: when the last pod went. */
  readonly lastMs: Readonly<Record<'created' | 'ready' | 'gone', number>>
  /** Resolves when it holds; throws when nothing moved for a minute. */
  until(holds: () => boolean, what: string): Promise<void>
  stop(): Promise<void>
}

const LOOK_MS = 20
const IDLE_MS = 60_000

/** The namespace is empty when it begins. */
export async function watchPods(config: ClusterConfig, namespace: string): Promise<PodWatch> {
  const transport = httpTransport(config)
  const seen = new Seen()
  const feed = reflector<Pod>({
    client: kubeClient(transport),
    clock: realClock,
    random: seededRandom(1),
    type: PODS,
    namespace,
    project: readiness,
    projection: POD_FIELDS,
    onDelta: (delta) => seen.take(delta),
  })
  feed.start()
  await feed.synced
  return {
    get created() {
      return seen.created
    },
    get ready() {
      return seen.ready.size
    },
    get there() {
      return seen.there.size
    },
    lastMs: seen.lastMs,
    async until(holds, what) {
      while (!holds()) {
        const idleMs = performance.now() - Math.max(seen.beganMs, ...Object.values(seen.lastMs))
        const { created, ready, there } = seen
        assert.ok(idleMs < IDLE_MS, `no ${what}: ${created} created, ${ready.size} ready, ${there.size} there`)
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
      }
    },
    async stop() {
      await feed.stop()
      await transport.close()
    },
  }
}

const readiness = (raw: KubeObject): Pod => {
  const { apiVersion, kind, metadata, status } = raw as Pod
  const conditions = (status?.conditions ?? []).filter(({ type }) => type === 'Ready')
  return { apiVersion, kind, metadata, spec: { containers: [] }, status: { conditions } }
}

class Seen {
  readonly beganMs = performance.now()
  created = 0
  readonly ready = new Set<string>()
  readonly there = new Set<string>()
  readonly lastMs = { created: 0, ready: 0, gone: 0 }

  take({ kind, object }: Delta<Pod>): void {
    const { uid } = object.metadata
    if (kind === 'added') {
      this.created++
      this.there.add(uid)
      this.lastMs.created = performance.now()
    }
    if (kind === 'deleted') {
      this.there.delete(uid)
      this.ready.delete(uid)
      this.lastMs.gone = performance.now()
    } else if (!this.ready.has(uid) && isReady(object)) {
      this.ready.add(uid)
      this.lastMs.ready = performance.now()
    }
  }
}
