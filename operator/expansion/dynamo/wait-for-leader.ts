import type { Container } from '../../../api/kinds/kubernetes.ts'
import type { Component } from './component.ts'
import type { EngineChange } from './multinode.ts'
import { cliqueName, leaderScriptName } from './names.ts'

const VOLUME = 'wait-leader-script'
const FILE = 'wait-for-leader.py'
const FOLDER = '/scripts'

/** Holds a worker back until its leader listens: vLLM gives up if it starts before. */
export function waitForLeader(
  graphName: string,
  component: Component,
  main: Container,
  port: number,
): Required<Pick<EngineChange, 'initContainers' | 'volumes'>> {
  const leader = cliqueName(component, 'leader')
  // Shell variables and not $(NAME): some operators add theirs after the container's own.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: expanded by the container's shell
  const host = '${GROVE_PCSG_NAME}-${GROVE_PCSG_INDEX}-' + leader + '-0.${GROVE_HEADLESS_SERVICE}'
  const text = `export LEADER_HOST="${host}" LEADER_PORT=${port}; exec python3 ${FOLDER}/${FILE}`
  return {
    initContainers: [
      {
        name: 'wait-for-leader-mp',
        ...(main.image !== undefined && { image: main.image }),
        command: ['sh', '-c', text],
        volumeMounts: [{ name: VOLUME, mountPath: FOLDER, readOnly: true }],
      },
    ],
    volumes: [{ name: VOLUME, configMap: { name: leaderScriptName(graphName) } }],
  }
}

/** Content of the ConfigMap that the init container mounts. It has no time-out: a gang may be scheduled in halves. */
export const LEADER_SCRIPT: Readonly<Record<string, string>> = {
  [FILE]: `import json
import os
import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request

HOST = os.environ["LEADER_HOST"]
PORT = int(os.environ["LEADER_PORT"])
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
PAUSE_SECONDS = 5


def read(name):
    with open(os.path.join(ACCOUNT, name), encoding="utf-8") as file:
        return file.read().strip()


def pods_at(address):
    """The pods that hold an address now, or None if we may not ask."""
    try:
        server = os.environ["KUBERNETES_SERVICE_HOST"]
        if ":" in server:
            server = "[" + server + "]"
        where = server + ":" + os.environ.get("KUBERNETES_SERVICE_PORT", "443")
        chosen = urllib.parse.quote("status.podIP=" + address)
        url = "https://%s/api/v1/namespaces/%s/pods?fieldSelector=%s" % (where, read("namespace"), chosen)
        request = urllib.request.Request(url, headers={"Authorization": "Bearer " + read("token")})
        trust = ssl.create_default_context(cafile=os.path.join(ACCOUNT, "ca.crt"))
        with urllib.request.urlopen(request, timeout=10, context=trust) as answer:
            return json.load(answer)["items"]
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            return None
        raise
    except (KeyError, FileNotFoundError):
        return None


def is_current(address):
    """Whether a running pod that stays has the address. A stale DNS record must not count as the leader."""
    pods = pods_at(address)
    if pods is None:
        return True
    return any(
        pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"] for pod in pods
    )


def is_up():
    address = socket.getaddrinfo(HOST, PORT, type=socket.SOCK_STREAM)[0][4][0]
    if not is_current(address):
        return False
    with socket.create_connection((address, PORT), timeout=5):
        return True


while True:
    try:
        if is_up():
            break
        reason = "its pod is not running"
    except (OSError, ValueError, KeyError) as error:
        reason = str(error)
    print("waiting for %s:%d: %s" % (HOST, PORT, reason), flush=True)
    time.sleep(PAUSE_SECONDS)
print("%s:%d is up" % (HOST, PORT), flush=True)
`,
}
