// Tells times in the clock of this phone or computer; without this script they are told as UTC.
"use strict";

self.localTimes = (root) => {
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  for (const time of root.querySelectorAll("time[datetime]")) time.textContent = clock.format(new Date(time.dateTime));
};

localTimes(document);
