import { packageTests } from '../../build/vitest.ts'

export default packageTests('objects')
