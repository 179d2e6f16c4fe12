/** Free ports of the loopback interface. */
import { createServer } from 'node:net'

/** The port itself, or one that the system chooses for 0; rejects with EADDRINUSE where somebody listens there. */
export const freePort = (wanted: number = 0): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
