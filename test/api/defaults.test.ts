import { expect, test } from 'vitest'
import { podCliqueSet } from '../../api/kinds/pod-clique-set.ts'
import { podCliqueScalingGroup } from '../../api/kinds/scaling-group.ts'
import { withDefaults } from './admission.ts'
import { group, set } from './refusals/writing.ts'

/** What the server fills in: constants only. What follows from another field is worked out where it is read. */

test('a set that says little gets the published constants', () => {
  const bare = { name: 'a', spec: { roleName: 'a', podSpec: { containers: [{ name: 'm', image: 'i' }] } } }
  const { spec } = set({ cliques: [bare], podCliqueScalingGroups: [group()] })
  expect(withDefaults(podCliqueSet.spec, { template: (spec as { template: object }).template })).toMatchObject({
    replicas: 0,
    updateStrategy: { type: 'RollingRecreate' },
    template: {
      cliqueStartupType: 'CliqueStartupTypeAnyOrder',
      terminationDelay: '4h',
      headlessServiceConfig: { publishNotReadyAddresses: true },
      podCliqueScalingGroups: [{ replicas: 1, minAvailable: 1 }],
      cliques: [{ spec: { replicas: 1, podSpec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30 } } }],
    },
  })
})

test('what is written stands', () => {
  const podSpec = { containers: [], restartPolicy: 'Never', terminationGracePeriodSeconds: 0 }
  const written = { template: { cliques: [{ name: 'a', spec: { roleName: 'a', podSpec } }] } }
  expect(withDefaults(podCliqueSet.spec, written)).toMatchObject({ template: { cliques: [{ spec: { podSpec } }] } })
})

test('a scaling group that says little is one copy, which is needed', () => {
  expect(withDefaults(podCliqueScalingGroup.spec, { cliqueNames: ['a'] })).toMatchObject({
    replicas: 1,
    minAvailable: 1,
  })
})
