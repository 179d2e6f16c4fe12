/** What an administrator decides for every Dynamo graph of the cluster. */
export interface DynamoConfig {
  /** How components find each other when the graph does not say: `kubernetes`, `etcd` or `mem`. */
  readonly discovery: string
  /** Given to pods of services that name no scheduler; '' leaves the field out. */
  readonly schedulerName: string
  /** How long a gang may stay broken, as the Go duration that the set carries; '' leaves the field out. */
  readonly terminationDelay: string
  /** Addresses told to every component; '' leaves the variable out. Images up to 0.7 know only etcd and NATS. */
  readonly natsServer: string
  readonly etcdEndpoints: string
  readonly modelExpressUrl: string
  readonly prometheusEndpoint: string
  /** The secret with the key pair that TensorRT-LLM's MPI launcher uses between the nodes of one engine. */
  readonly mpiSecretName: string
  /**
   * The behaviour that a graph without an origin version of its own is rendered for. It never moves with our releases:
   * it reaches every pod as an annotation, so moving it would roll them all.
   */
  readonly originVersion: string
}

export const DYNAMO_DEFAULTS: DynamoConfig = {
  discovery: 'kubernetes',
  schedulerName: 'espalier',
  terminationDelay: '15m',
  natsServer: '',
  etcdEndpoints: '',
  modelExpressUrl: '',
  prometheusEndpoint: '',
  mpiSecretName: 'mpi-run-ssh-secret',
  originVersion: '1.2.0',
}
