// What is drawn on a chart's canvas beside its lines: spreads, releases, targets,
// and results that are worse or better than the one before.
import {colour} from './peers.mjs';

// Beyond this many commits a dot and a bar for each would hide the line.
export const mostDots = 60;

function line(ctx, x0, y0, x1, y1) {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}

function triangle(ctx, x, y, size, up) {
  ctx.beginPath();
  ctx.moveTo(x, y + (up ? -size : size));
  ctx.lineTo(x - size, y + (up ? size * 0.8 : -size * 0.8));
  ctx.lineTo(x + size, y + (up ? size * 0.8 : -size * 0.8));
  ctx.closePath();
  ctx.fill();
}

export function drawMarks(u, {results, lines, steps, levels, shown}) {
  const {ctx} = u;
  const dpr = devicePixelRatio;
  const {left, top, width, height} = u.bbox;
  const x = (i) => u.valToPos(i, 'x', true);
  const y = (v) => u.valToPos(v, 'y', true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top - 14 * dpr, width, height + 22 * dpr);
  ctx.clip();
  ctx.lineWidth = dpr;

  ctx.strokeStyle = colour('--release');
  ctx.setLineDash([2 * dpr, 3 * dpr]);
  ctx.fillStyle = colour('--muted');
  ctx.font = `${10 * dpr}px "Inter Variable", sans-serif`;
  ctx.textAlign = 'center';
  results.forEach((r, i) => {
    if (!r.release || r.release === results[i - 1]?.release) return;
    line(ctx, x(i), top, x(i), top + height);
    ctx.fillText(r.release, x(i), top - 4 * dpr);
  });

  for (const level of levels) {
    ctx.strokeStyle = colour(level.colour);
    ctx.setLineDash(level.dash.map((d) => d * dpr));
    line(ctx, left, y(level.value), left + width, y(level.value));
  }

  ctx.setLineDash([]);
  for (const one of lines) {
    if (!shown(one) || !(one.band || results.length === 1) || results.length > mostDots) continue;
    ctx.strokeStyle = colour(one.look.colour);
    one.values.forEach((s, i) => s && s.min < s.max && line(ctx, x(i), y(s.min), x(i), y(s.max)));
  }

  const ours = lines[0];
  for (const step of steps) {
    const s = ours.values[step.at];
    if (!s || !shown(ours)) continue;
    const worse = step.verdict === 'worse';
    ctx.fillStyle = colour(worse ? '--worse' : '--better');
    const place = worse ? Math.max(top, y(s.max) - 10 * dpr) : Math.min(top + height, y(s.min) + 10 * dpr);
    triangle(ctx, x(step.at), place, 5 * dpr, worse);
  }
  ctx.restore();
}
