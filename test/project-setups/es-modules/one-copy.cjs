const names = ['', '/client', '/testing'].map((entry) => `express-logto-m2m${entry}`);
const importFirst = process.argv.includes('import-first');

async function main() {
  const imported = importFirst ? await Promise.all(names.map((name) => import(name))) : [];
  const required = names.map((name) => require(name));
  if (!importFirst) imported.push(...(await Promise.all(names.map((name) => import(name)))));
  const same = names.flatMap((_name, index) =>
    Object.keys(required[index]).map((key) => required[index][key] === imported[index][key]),
  );
  console.log(same.length, same.every(Boolean));
}

main();
