// The S3 store s3rver with the arguments and variables of the image of MinIO: server FOLDER, MINIO_ROOT_USER, MINIO_ROOT_PASSWORD.
const S3rver = require("s3rver");
const Account = require("s3rver/lib/models/account");

new Account(1, "root").createKeyPair(process.env.MINIO_ROOT_USER, process.env.MINIO_ROOT_PASSWORD);
const server = new S3rver({ address: "0.0.0.0", port: 9000, directory: process.argv[3], silent: true, vhostBuckets: false });
server.run().then(() => console.log("the store listens on port 9000"));
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
