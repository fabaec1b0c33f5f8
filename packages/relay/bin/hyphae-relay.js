#!/usr/bin/env node
// The program is built; this file is there before it, so that it can be linked at installation.
import '../dist/hyphae-relay.js'
