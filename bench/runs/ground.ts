/** Where the rounds of a heat run: a server of our own with the scenario's nodes, or somebody's cluster. */
import type { NewObject } from '../../api/kinds/kubernetes.ts'
import { messageOf, Refused } from '../../cli/command.ts'
import { NAMESPACES, NODES } from '../../kube/resources.ts'
import { inParallel } from '../load.ts'
import type { Depth, Scenario } from '../scenario/scenario.ts'
import { type Contestant, namespaceOf } from './contestant.ts'
import { furnish, startEmbeddedServer, startPlane, type TestServer } from './server.ts'
import { nodeObjects } from './work.ts'

export interface Heat {
  readonly scenario: Scenario
  readonly depth: Depth
  readonly contestants: readonly Contestant[]
}

export interface StandingCluster {
  reach(): Promise<TestServer>
  /** Nodes that are there and are used; none: those of the scenario are created, and deleted at the end. */
  readonly hasNodes: boolean
}

export class Ground {
  readonly #heat: Heat
  readonly #cluster: StandingCluster | null
  readonly #tell: (line: string) => void
  #server: TestServer | null = null

  constructor(heat: Heat, cluster: StandingCluster | null, tell: (line: string) => void) {
    this.#heat = heat
    this.#cluster = cluster
    this.#tell = tell
  }

  /** Started and furnished when it is first asked for. Null: this depth needs none; none: its programs are not here. */
  async server(): Promise<TestServer | null | 'none'> {
    const { depth } = this.#heat
    if (depth === 'planner' || depth === 'trace') return null
    if (this.#server !== null) return this.#server
    const server = await this.#begin()
    if (server === null) return 'none'
    this.#server = server
    await this.#furnish(server)
    return server
  }

  /** After a round that broke: a server of our own may be what broke, somebody's cluster stays. */
  async renew(): Promise<void> {
    if (this.#cluster === null) await this.leave()
  }

  /** In somebody's cluster what we made goes: nodes and namespaces. A server of our own goes whole. */
  async leave(): Promise<void> {
    const server = this.#server
    if (server === null) return
    this.#server = null
    try {
      if (this.#cluster !== null) await this.#tidy(server)
    } catch (error) {
      this.#tell(`clearing up: ${messageOf(error)}`)
    } finally {
      await server.stop()
    }
  }

  async #begin(): Promise<TestServer | null> {
    const { scenario, depth, contestants } = this.#heat
    if (this.#cluster !== null) return this.#cluster.reach()
    if (depth === 'embedded') return startEmbeddedServer(scenario.seed)
    return startPlane(
      contestants.map(({ adapter }) => adapter),
      contestants.some(({ isOurs }) => !isOurs),
    )
  }

  /** Half a cluster of somebody's is no ground for any round. */
  async #furnish(server: TestServer): Promise<void> {
    try {
      await furnish(server, this.#ownNodes(), this.#heat.contestants.map(namespaceOf))
    } catch (error) {
      throw this.#cluster === null ? error : new Refused(messageOf(error), 1)
    }
  }

  #ownNodes(): NewObject[] {
    return this.#cluster?.hasNodes === true ? [] : nodeObjects(this.#heat.scenario.cluster)
  }

  async #tidy({ client }: TestServer): Promise<void> {
    const gone = this.#ownNodes()
    await inParallel(gone.length, async (i) => {
      await client.delete(NODES, { namespace: '', name: gone[i]!.metadata.name ?? '' })
    })
    for (const contestant of this.#heat.contestants)
      await client.delete(NAMESPACES, { namespace: '', name: namespaceOf(contestant) })
  }
}
