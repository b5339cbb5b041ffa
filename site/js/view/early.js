/** No module, as this runs before anything is drawn: whoever reloads in a room does not see the entry screen meanwhile. */
try {
  if (sessionStorage.getItem("parley.here")) document.documentElement.dataset.returning = "";
} catch {
  // no storage, no way back
}
