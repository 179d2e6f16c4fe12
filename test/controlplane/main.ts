/** `npm run controlplane -- up|down`: a real control plane from a terminal. This file alone exits. */
import { Command, InvalidArgumentError } from 'commander'
import { SHAPES } from '../../sim/shapes.ts'
import { down } from './down.ts'
import { up, type UpOptions } from './up.ts'

const wholeNumber =
  (most: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < 0 || value > most)
      throw new InvalidArgumentError(`want a whole number from 0 to ${most}`)
    return value
  }

function shape(text: string): string {
  if (SHAPES[text] === undefined) throw new InvalidArgumentError(`want one of ${Object.keys(SHAPES).join(', ')}`)
  return text
}

const program = new Command('npm run controlplane --')
  .description(
    'A real Kubernetes control plane for trying things out: etcd, kube-apiserver, kube-controller-manager, kwok.',
  )
  .showHelpAfterError('(--help shows what there is)')

program
  .command('up', { isDefault: true })
  .description('starts one, prints its kubeconfig and keeps it until Ctrl-C or `down`')
  .option('--nodes <count>', 'Nodes to create; kwok lets pods live there', wholeNumber(20_000), 0)
  .option('--shape <name>', `what they look like: ${Object.keys(SHAPES).join(', ')}`, shape, 'gb200-nvl72')
  .option('--heartbeats', 'nodes tell every 20 s that they live, and hold Leases', false)
  .option('--scheduler', 'kube-scheduler, for pods of default-scheduler', false)
  .option('--native-gangs', 'kube-scheduler with its own gangs: the feature gates and scheduling.k8s.io/v1beta1', false)
  .option('--port <port>', 'port of the API server; 0: a free one', wholeNumber(65_535), 0)
  .option('--detach', 'returns once it is up; `down` ends it', false)
  .action(async (options: UpOptions) => {
    process.exit(await up(options))
  })

program
  .command('down')
  .description('ends the one that was started in this folder')
  .action(async () => {
    process.exit(await down())
  })

await program.parseAsync()
