// What can be copied: a game as PGN, a link.

const NAGS = { 1: "$6", 2: "$2", 3: "$4" };

function numberAt(game, ply) {
  const { full, white } = game.positions[ply];
  return `${full}${white ? "." : "..."}`;
}

function evaluationText(value) {
  if (value === null || value === undefined) return "";
  if (value === "#") return "checkmate";
  if (typeof value === "string") return value;
  return (value > 0 ? "+" : "") + (value / 100).toFixed(2);
}

function pgnOf(game) {
  const quoted = (text) => text.replace(/\\/g, "\\\\").replace(/"/g, '\\"');
  const tags = game.t.map(([name, value]) => `[${name} "${quoted(value)}"]`);
  if (game.f && !game.tags.FEN) tags.push('[SetUp "1"]', `[FEN "${game.f}"]`);
  const words = [];
  game.sans.forEach((san, k) => {
    if (game.positions[k].white || k === 0 || words[words.length - 1].endsWith("}")) words.push(numberAt(game, k));
    words.push(san);
    if (game.j && game.j[k]) words.push(NAGS[game.j[k]]);
    const after = game.e && game.e[k + 1];
    if (after !== null && after !== undefined && after !== "#")
      words.push(`{ [%eval ${typeof after === "string" ? after : (after / 100).toFixed(2)}] }`);
  });
  const result = ["1-0", "0-1", "1/2-1/2"].includes(game.tags.Result) ? game.tags.Result : "*";
  return `${tags.join("\n")}\n\n${wrapped([...words, result])}\n`;
}

function wrapped(words) {
  const lines = [""];
  for (const word of words.join(" ").split(" ")) {
    const line = lines[lines.length - 1];
    if (line && line.length + word.length >= 80) lines.push(word);
    else lines[lines.length - 1] = line ? `${line} ${word}` : word;
  }
  return lines.join("\n");
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Browsers keep the clipboard from some pages on the disk; the old way still works there.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
