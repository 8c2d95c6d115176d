# The company of compose.yaml: Headcount as built from this folder, with git, Python and bubblewrap. `docker compose build`
# It works in /company, which is mounted; nothing is installed when it starts.
FROM node:20-bookworm

RUN apt-get update \
  && apt-get install -y --no-install-recommends bubblewrap \
  && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/headcount
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run -s build \
  && npm prune --omit=dev --ignore-scripts \
  && ln -s /opt/headcount/bin/headcount.js /usr/local/bin/headcount

# Whoever it runs as has a home to keep a cache and git's settings in.
RUN install -d -m 1777 /home/company
ENV HOME=/home/company
USER node
WORKDIR /company
CMD ["headcount", "up"]
