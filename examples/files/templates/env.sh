export DB_USER=app
export DB_PASSWORD=${secret://file/db_password|trim|shellquote}
