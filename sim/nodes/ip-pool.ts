/** Hands out pod addresses of 10.128.0.0/9, each to one pod at a time, the longest unused first. */
export class IpPool {
  readonly #taken = new Set<string>()
  #next = 0

  /** Marks an address that a pod already has. */
  keep(ip: string): void {
    this.#taken.add(ip)
  }

  take(): string {
    for (;;) {
      this.#next = (this.#next + 1) % 0x7f_ffff
      const last = this.#next & 0xff
      if (last === 0 || last === 0xff) continue
      const ip = `10.${128 + (this.#next >> 16)}.${(this.#next >> 8) & 0xff}.${last}`
      if (this.#taken.has(ip)) continue
      this.#taken.add(ip)
      return ip
    }
  }

  release(ip: string): void {
    this.#taken.delete(ip)
  }
}
