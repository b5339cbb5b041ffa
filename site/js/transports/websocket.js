/** A WebSocket as a transport: frames go and come as they are. */
import { socketUrl } from "../core/protocol.js";
import { offered } from "../ticket.js";

/** @import { Entry, Transport, TransportEvents } from "../types.js" */

/** @param {Entry} entry @param {TransportEvents} events @returns {Transport} */
export function start({ room, name, ticket }, { onOpen, onFrame, onEnd }) {
  const socket = new WebSocket(socketUrl(location, room, name), offered(ticket()));
  let closed = false;
  socket.onopen = () => closed || onOpen();
  socket.onmessage = ({ data }) => closed || onFrame(data);
  socket.onclose = () => closed || onEnd("lost"); // why, a browser does not say
  return {
    send(frame) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      socket.send(frame);
      return true;
    },
    close() {
      closed = true;
      socket.close(1000);
    },
  };
}
