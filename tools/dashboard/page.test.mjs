// The file of the page, without a browser.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {test} from 'node:test';
import {makeModel} from './model.mjs';
import {makePage} from './page.mjs';
import {result, row} from './testdata/rows.mjs';

const subject = 'Ends </script> and <!-- begins <b>, says $& and {{script}}';
const page = makePage(makeModel([result([row([1, 2, 3])], {subject})]));

test('every place is filled', () => {
  assert.equal(page.match(/\{\{\w+\}\}/g)?.join(), '{{script}}', 'that of the subject alone');
  assert.doesNotMatch(page.split('<script')[0], /undefined/);
});

test('nothing is fetched: no address in an attribute or a style', () => {
  assert.doesNotMatch(page, /\s(src|href)=["']?(?!data:|#)[\w/.]/);
  assert.doesNotMatch(page, /@import|url\((?!["']?data:)/);
});

test('the policy allows our script, by its hash, and no fetching', () => {
  const [, policy] = page.match(/Content-Security-Policy" content="([^"]+)"/);
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /https?:|\*|connect-src|script-src[^;]*unsafe/);
  const script = page.slice(page.lastIndexOf('<script>') + '<script>'.length, page.lastIndexOf('</script>'));
  assert.ok(policy.includes(`'sha256-${createHash('sha256').update(script).digest('base64')}'`));
});

test('a subject ends no script, and comes back as it was', () => {
  const [, data] = page.match(/id="data">(.*?)<\/script>/s);
  assert.equal(JSON.parse(data).machines[0].results[0].subject, subject);
  assert.equal(page.match(/<\/script/g).length, 2);
});

test('the same results make the same page, to the byte', () => {
  assert.equal(makePage(makeModel([result([row([1, 2, 3])], {subject})])), page);
});
