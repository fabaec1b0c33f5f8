import { packageTests } from '../../build/vitest.ts'

export default packageTests('transport-libp2p')
