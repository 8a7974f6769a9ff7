// Many small servers in one process: each answers every request at once with its own name.
// Usage: node quick-servers.mjs COUNT; prints the ports as one JSON line. Ends when its standard input closes.
import net from 'node:net';

const count = Number(process.argv[2]);
const ports = [];
for (let index = 0; index < count; index++) {
  const body = `server ${index + 1}\n`;
  const answer = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const server = net.createServer({ noDelay: true }, (socket) => {
    let rest = '';
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('data', (piece) => {
      const heads = (rest + piece).split('\r\n\r\n');
      rest = heads.pop();
      if (heads.length > 0) socket.write(answer.repeat(heads.length));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  ports.push(server.address().port);
}
process.stdout.write(`${JSON.stringify(ports)}\n`);
process.stdin.resume().on('end', () => process.exit());
