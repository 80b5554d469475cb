// Loads npm packages from .deps/dashboard, where `install` puts them: a
// node_modules beside this file would lie in Bazel's package tree. (NODE_PATH is
// no way out: modules of the ESM kind do not heed it.)
import {createRequire} from 'node:module';
import {fileURLToPath} from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const packagesFolder = `${root}.deps/dashboard/node_modules`;
export const load = createRequire(`${root}.deps/dashboard/package.json`);
