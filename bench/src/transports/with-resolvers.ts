// What libp2p takes for granted and Node 20 does not have; imported before libp2p is.
type Resolvers = {
  promise: Promise<unknown>
  resolve: (value: unknown) => void
  reject: (reason: unknown) => void
}

const target = Promise as { withResolvers?: () => Resolvers }
target.withResolvers ??= () => {
  const made = {} as Resolvers
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }))
  return made
}
