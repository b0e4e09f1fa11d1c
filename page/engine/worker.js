// A module worker: new Worker("worker.js", { type: "module" }). Its messages are in page/engine/README.md.
import { Service } from "./service.js";

const service = new Service((message) => self.postMessage(message), self.location.href);
self.onmessage = (event) => service.receive(event.data);
